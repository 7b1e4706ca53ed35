# SPDX-License-Identifier: Apache-2.0
"""Random weights that tell inputs apart, stand-ins for architectures that are remote code on the hub, and ONNX export."""

import torch
from torch import nn

torch.backends.mha.set_fastpath_enabled(False)


def randomize(module, seed):
    """Weights so large that every input gets its own direction: with the usual 0.02 all vectors are nearly the same and
    nothing could go wrong."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            values = torch.randn(p.shape, generator=generator)
            if p.dim() < 2:
                scale = name.endswith("scale") or name.endswith("bias") or name.endswith("logit_bias")
                p.copy_(values * 0.1 if scale else values * 0.1 + 1 if "norm" in name.lower() or "ln_" in name else values * 0.5)
            elif p.dim() == 4:
                edges = values - 0.8 * values.mean((1, 2, 3), keepdim=True)
                p.copy_(edges * 8 / p[0].numel() ** 0.5)
            elif "position" in name:
                p.copy_(values * 0.3)
            elif "embed" in name and p.dim() == 2:
                p.copy_(values)
            else:
                p.copy_(values * 1.6 / p[0].numel() ** 0.5)
    return module.eval()


def pooled(output):
    """get_text_features and get_image_features give the vector or an object that has it, depending on the release."""
    return output if torch.is_tensor(output) else output.pooler_output


class Wrapper(nn.Module):
    """What is exported: holds the model, so that eval() reaches it."""

    def __init__(self, model, run):
        super().__init__()
        self.model = model
        self.run = run

    def forward(self, *inputs):
        return self.run(self.model, *inputs)


class Alibi(nn.Module):
    """A text tower like jina-clip-v1's: no positions but linear biases, mean over the mask. One head, so that 8,192 tokens fit in memory."""

    def __init__(self, vocabulary, width, layers, dimension):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        names = ("q", "k", "v", "o", "inner", "outer")
        self.layers = nn.ModuleList(nn.ModuleDict({n: nn.Linear(width, width) for n in names}) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * layers + 1))
        self.project = nn.Linear(width, dimension, bias=False)

    def hidden(self, input_ids, attention_mask):
        x = self.norms[0](self.embed(input_ids))
        at = torch.arange(input_ids.shape[1], device=input_ids.device)
        bias = -(at[None, :] - at[:, None]).abs().to(x.dtype)[None] * 0.0625
        bias = bias + (1.0 - attention_mask.to(x.dtype))[:, None, :] * -1e4
        for i, layer in enumerate(self.layers):
            scores = layer["q"](x) @ layer["k"](x).transpose(1, 2) * x.shape[-1] ** -0.5 + bias
            x = self.norms[2 * i + 1](x + layer["o"](scores.softmax(-1) @ layer["v"](x)))
            x = self.norms[2 * i + 2](x + layer["outer"](nn.functional.gelu(layer["inner"](x))))
        return x

    def forward(self, input_ids, attention_mask):
        mask = attention_mask[:, :, None].to(torch.float32)
        return self.project((self.hidden(input_ids, attention_mask) * mask).sum(1) / mask.sum(1).clamp(min=1e-9))


def mean(hidden, mask):
    mask = mask[:, :, None].to(hidden.dtype)
    return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)


def last(hidden, mask):
    """The last token that is no padding, wherever the padding is."""
    at = (mask.cumsum(1) * mask).argmax(1)
    return hidden[torch.arange(len(hidden)), at]


def export(model, run, arguments, path, inputs, outputs):
    """inputs and outputs: {name: names of its axes that vary}, in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {i: axis for i, axis in enumerate(names) if axis} for name, names in (inputs | outputs).items()}
    with torch.no_grad():
        torch.onnx.export(
            Wrapper(model, run).eval(), tuple(arguments), str(path), dynamo=False, opset_version=17, input_names=list(inputs),
            output_names=list(outputs), dynamic_axes=axes)


def externalize(path):
    """All weights into <name>.onnx_data, as exporters do for large models."""
    import onnx
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location=path.name + "_data", size_threshold=256)
