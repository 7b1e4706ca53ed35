// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

/** Whether the nodes should hold a model. */
public enum Desired {
    LOADED(true),
    /** From its first use on {@link #LOADED}. A release that does not know the word reads it as {@link #UNLOADED}. */
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

    /** The reverse of {@link #form}. */
    static Desired of(Object form) {
        if (ON_USE.form.equals(form)) {
            return ON_USE;
        }
        return Boolean.TRUE.equals(form) ? LOADED : UNLOADED;
    }
}
