package org.opensearch.clip.core.vector;

/** How the hidden states of a sequence become one vector. */
public enum Pooling {
    /** The graph's output is one vector an input already. */
    NONE,
    /** Mean over the positions whose mask is 1. */
    MEAN,
    /** The first position. */
    CLS,
    /** The last position whose mask is 1. */
    LAST
}
