// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.Optional;

/**
 * One way in which models are exported. A new family is one more implementation in {@link ModelFolder}'s list.
 */
interface Family {

    /** How the family is called where a folder is refused. */
    String expected();

    /**
     * @param config {@code config.json}
     * @return empty when the folder is of another family
     * @throws IllegalArgumentException when it is of this family and something is missing or strange
     */
    Optional<ModelDescription> describe(Folder folder, Config config, Overrides overrides);
}
