package org.opensearch.clip.core.engine;

import java.util.List;
import java.util.Optional;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.text.Tokenizer;

/**
 * A model that is ready: inputs in, vectors out, same order. Safe for use by many threads. Closing closes the sessions; the
 * caller sees to it that nobody runs then.
 */
public final class DualEncoder implements AutoCloseable {

    /** An input after tokenising or decoding, ready to be put into a batch. */
    public sealed interface Prepared {
        Modality modality();

        /** Not padded. */
        record Text(long[] ids, boolean truncated) implements Prepared {
            @Override
            public Modality modality() {
                return Modality.TEXT;
            }
        }

        /** {@code [3][height][width]}. */
        record Image(float[] pixels) implements Prepared {
            @Override
            public Modality modality() {
                return Modality.IMAGE;
            }
        }
    }

    /**
     * @param text empty when the model has no text tower; else its tokenizer is given too
     * @throws ModelException when a graph's inputs or outputs are not what the tower needs: lists what it has
     */
    public DualEncoder(
            ModelDescription description, Optional<Session> text, Optional<Tokenizer> tokenizer, Optional<Session> image) {
        throw new UnsupportedOperationException();
    }

    public ModelDescription description() {
        throw new UnsupportedOperationException();
    }

    /**
     * The work on one input that needs no model: decode and resize, or tokenise.
     *
     * @throws InputException when this input cannot be embedded by this model (also: it has no such tower)
     */
    public Prepared prepare(Input input) {
        throw new UnsupportedOperationException();
    }

    /**
     * One run of one tower.
     *
     * @param batch 1 to n inputs of one modality
     * @return one vector an input, {@code description().dimension()} floats, as the model makes it: neither cut nor normalised
     * @throws ModelException when the run failed or was stopped
     */
    public List<float[]> encode(List<? extends Prepared> batch) {
        throw new UnsupportedOperationException();
    }

    /** Bytes that the sessions are charged for. */
    public long bytes() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
