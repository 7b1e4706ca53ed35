// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

/** Whether the nodes should hold a model. */
public enum Desired {
    LOADED(true),
    /** From its first use on {@link #LOADED}. A release from before the word reads it as {@link #UNLOADED}. */
    ON_USE("on_use"),
    /** Not before {@code _load}. */
    UNLOADED(false);

    private final Object form;

    Desired(Object form) {
        this.form = form;
    }

    /** As it is in cluster state and in JSON. */
    Object form() {
        return form;
    }

    /**
     * The reverse of {@link #form}.
     *
     * @throws IllegalArgumentException for one that this release does not know
     */
    static Desired of(Object form) {
        for (Desired desired : values()) {
            if (desired.form.equals(form)) {
                return desired;
            }
        }
        throw new IllegalArgumentException("[load] is [" + form + "], which this release does not know");
    }
}
