# SPDX-License-Identifier: Apache-2.0
"""Tables as markdown and JSON, each with the machine that it was measured on."""

import json

from load import machine


class Report:
    def __init__(self, path):
        self.path, self.start, self.parts = path, machine(), []

    def table(self, title, head, rows, notes=()):
        """Shown at once and written at the end. rows: lists of cells, each text or a number."""
        self.parts.append({"title": title, "head": head, "rows": rows, "notes": list(notes)})
        print("\n" + self.markdown(self.parts[-1]), flush=True)

    @staticmethod
    def markdown(part):
        lines = [part["title"], "", "| " + " | ".join(part["head"]) + " |", "|" + "---|" * len(part["head"])]
        lines += ["| " + " | ".join(cell(c) for c in row) + " |" for row in part["rows"]]
        return "\n".join(lines + ["", *part["notes"]] if part["notes"] else lines) + "\n"

    def save(self):
        end = machine()
        where = {**self.start, "load_average_at_end": end["load_average"]}
        said = f"{where['cpu']}, {where['cores']} cores, {where['memory_gb']} GB, heap {where['heap']}; load average " \
               f"{where['load_average']} at the start, {where['load_average_at_end']} at the end"
        print("\n" + said)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.with_suffix(".md").write_text("\n".join([said, "", *(self.markdown(p) for p in self.parts)]))
        self.path.with_suffix(".json").write_text(json.dumps({"machine": where, "tables": self.parts}, indent=1) + "\n")


def cell(value):
    return str(value) if not isinstance(value, float) else f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
