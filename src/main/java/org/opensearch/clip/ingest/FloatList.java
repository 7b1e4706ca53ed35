// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.AbstractList;
import java.util.RandomAccess;

/** A vector as a document field: ingest documents hold lists, and a boxed list takes five times the memory of its floats. */
final class FloatList extends AbstractList<Float> implements RandomAccess {
    private final float[] values;

    FloatList(float[] values) {
        this.values = values;
    }

    @Override
    public Float get(int index) {
        return values[index];
    }

    @Override
    public Float set(int index, Float value) {
        Float previous = values[index];
        values[index] = value;
        return previous;
    }

    @Override
    public int size() {
        return values.length;
    }
}
