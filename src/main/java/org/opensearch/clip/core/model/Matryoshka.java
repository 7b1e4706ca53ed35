// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.List;
import java.util.Optional;

/**
 * Which lengths a model's vectors may be cut to. Training for several lengths puts what matters first; without it a cut
 * vector is merely a worse one.
 *
 * @param full floats of a vector that is not cut
 * @param trained shorter lengths that the model was trained for; empty when it names none
 */
public record Matryoshka(int full, List<Integer> trained) {
    public Matryoshka {
        trained = List.copyOf(trained);
    }

    /**
     * @param asked 0 = not cut
     * @param model its name, for messages
     * @return what to tell whoever asked, where nobody knows what the model was trained for
     * @throws IllegalArgumentException when the model has fewer values, or was trained for other lengths
     */
    public Optional<String> check(int asked, String model) {
        if (asked == 0 || asked == full || trained.contains(asked)) {
            return Optional.empty();
        }
        if (asked < 0 || asked > full) {
            throw new IllegalArgumentException(
                    "[dimensions] is [" + asked + "], more than the [" + full + "] of " + model);
        }
        if (!trained.isEmpty()) {
            throw new IllegalArgumentException("[dimensions] is [" + asked + "], " + model + " was trained for "
                    + trained + (trained.contains(full) ? "" : " and [" + full + "]"));
        }
        return Optional.of("[dimensions] is [" + asked + "]: " + model
                + " does not say that it was trained to be cut, so vectors of fewer than its [" + full
                + "] values may find less");
    }
}
