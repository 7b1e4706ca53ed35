// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.OptionalDouble;

/**
 * Scale and bias of a dual encoder's score, as trained. What configurations call {@code logit_scale_init_value} is where
 * training began and is not used.
 */
final class Logits {

    private Logits() {}

    static OptionalDouble scale(Config config, Overrides overrides) {
        return either(overrides.logitScale(), config, "logit_scale");
    }

    static OptionalDouble bias(Config config, Overrides overrides) {
        return either(overrides.logitBias(), config, "logit_bias");
    }

    private static OptionalDouble either(OptionalDouble declared, Config config, String name) {
        return declared.isPresent()
                ? declared
                : config.number(name).map(OptionalDouble::of).orElseGet(OptionalDouble::empty);
    }
}
