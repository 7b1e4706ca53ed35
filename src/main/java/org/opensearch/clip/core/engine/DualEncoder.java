// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Stream;
import org.opensearch.clip.core.image.ImageDecoder;
import org.opensearch.clip.core.image.ImageException;
import org.opensearch.clip.core.image.ImageInfo;
import org.opensearch.clip.core.image.ImagePreprocessor;
import org.opensearch.clip.core.image.TowerPixels;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.text.Tokenizer;

/**
 * A model that is ready: inputs in, vectors out, same order. Batching changes nothing but speed. Safe for use by many
 * threads. Closing closes the sessions; the caller sees to it that nobody runs then.
 */
public final class DualEncoder implements AutoCloseable {

    /** An input after tokenising or decoding, ready to be put into a batch. */
    public sealed interface Prepared {
        Modality modality();

        /** Not padded; {@code task} as in {@link Tower.Side}. */
        record Text(long[] ids, boolean truncated, OptionalLong task) implements Prepared {
            Text(long[] ids, boolean truncated) {
                this(ids, truncated, OptionalLong.empty());
            }

            @Override
            public Modality modality() {
                return Modality.TEXT;
            }
        }

        /**
         * @param pixels as the tower reads them
         * @param width of the picture itself, upright
         * @param height of the picture itself, upright
         * @param info {@code null} where it was not asked for
         */
        record Image(TowerPixels pixels, int width, int height, ImageInfo info) implements Prepared {
            public Image(float[] pixels, int width, int height) {
                this(target -> target.put(pixels), width, height, null);
            }

            @Override
            public Modality modality() {
                return Modality.IMAGE;
            }
        }
    }

    private final ModelDescription description;
    private final Buffers buffers = new Buffers();
    private final Optional<Tokenizer> tokenizer;
    private final ImagePreprocessor pictures;
    private final Optional<TextTower> text;
    private final Optional<ImageTower> image;
    private final List<Session> sessions;

    /**
     * @param text empty when the model has no text tower; else its tokenizer is given too
     * @throws ModelException when a graph's inputs or outputs are not what the tower needs: lists what it has
     */
    public DualEncoder(
            ModelDescription description,
            Optional<Session> text,
            Optional<Tokenizer> tokenizer,
            Optional<Session> image) {
        this(description, text, tokenizer, image, RunMemory.UNCOUNTED);
    }

    /** Pictures are decoded by the JDK's readers. */
    DualEncoder(
            ModelDescription description,
            Optional<Session> text,
            Optional<Tokenizer> tokenizer,
            Optional<Session> image,
            RunMemory memory) {
        this(
                description,
                text,
                tokenizer,
                image,
                new ImagePreprocessor(new ImageDecoder(Optional.empty()), false),
                memory);
    }

    /**
     * @param pictures decodes and resizes them
     * @param memory that runs take their tensors from
     */
    public DualEncoder(
            ModelDescription description,
            Optional<Session> text,
            Optional<Tokenizer> tokenizer,
            Optional<Session> image,
            ImagePreprocessor pictures,
            RunMemory memory) {
        int dimension = description.dimension();
        this.description = description;
        this.tokenizer = tokenizer;
        this.pictures = pictures;
        this.text = description.text().map(t -> new TextTower(t, text.orElseThrow(), dimension, buffers, memory));
        this.image = description.image().map(t -> new ImageTower(t, image.orElseThrow(), dimension, buffers, memory));
        this.sessions = Stream.of(text, image).flatMap(Optional::stream).toList();
    }

    /**
     * Whether graphs will do, as far as can be told before they are loaded.
     *
     * @param graph of a tower, cut to its output
     * @throws ModelException as the constructor
     */
    public static void check(ModelDescription description, Function<Tower, Ports> graph) {
        int dimension = description.dimension();
        description.text().ifPresent(t -> TextTower.check(t, graph.apply(t), dimension));
        description.image().ifPresent(i -> ImageTower.check(i, graph.apply(i), dimension));
    }

    public ModelDescription description() {
        return description;
    }

    /**
     * The work on one input that needs no model: decode and resize, or tokenise. Limits on bytes and pixels are the
     * caller's.
     *
     * @throws InputException when this input cannot be embedded by this model (also: it has no such tower)
     */
    public Prepared prepare(Input input) {
        return switch (input) {
            case Input.Text t -> prepare(t);
            case Input.Image i -> prepare(i);
        };
    }

    private Prepared prepare(Input.Text input) {
        Tower.Text tower = description
                .text()
                .orElseThrow(() -> new InputException(
                        InputException.Kind.INVALID_TEXT, "the model has no text tower: it embeds pictures only"));
        Tower.Side side = input.side() == Input.Side.QUERY ? tower.query() : tower.passage();
        Tokenizer.Tokens tokens =
                tokenizer.orElseThrow().encode(tower.cleaning().apply(side.prompt() + input.text()));
        if (tokens.ids().length == 0) {
            throw new InputException(
                    InputException.Kind.INVALID_TEXT, "text is empty: the model's tokenizer makes no token of it");
        }
        return new Prepared.Text(tokens.ids(), tokens.truncated(), side.task());
    }

    private Prepared prepare(Input.Image input) {
        Tower.Image tower = description
                .image()
                .orElseThrow(() -> new InputException(
                        InputException.Kind.INVALID_IMAGE, "the model has no picture tower: it embeds texts only"));
        try {
            ImagePreprocessor.Made made = pictures.make(input.bytes(), tower.pixels(), input.described());
            return new Prepared.Image(made.pixels(), made.width(), made.height(), made.info());
        } catch (ImageException e) {
            throw new InputException(InputException.Kind.INVALID_IMAGE, e.getMessage(), e);
        }
    }

    /**
     * One run of one tower, for a caller that stays until the end.
     *
     * @return see {@link #encode(List, RunControl)}
     */
    public List<float[]> encode(List<? extends Prepared> batch) {
        return encode(batch, RunControl.patient());
    }

    /**
     * One run of one tower, or one after the other where its graph takes fewer inputs.
     *
     * @param batch 1 to n inputs of one modality
     * @return one vector an input, {@code description().dimension()} floats, as the model makes it: neither cut nor
     *     normalised
     * @throws StoppedException when it was ended before it was done
     * @throws ModelException when the run failed, or made something that is no vector
     * @throws IllegalArgumentException when {@code batch} is empty, mixed, or of a tower that the model does not have
     */
    public List<float[]> encode(List<? extends Prepared> batch, RunControl control) {
        List<Prepared.Text> texts = only(Prepared.Text.class, batch);
        List<Prepared.Image> images = only(Prepared.Image.class, batch);
        if (!batch.isEmpty() && texts.size() == batch.size() && text.isPresent()) {
            return text.get().encode(texts, control);
        }
        if (!batch.isEmpty() && images.size() == batch.size() && image.isPresent()) {
            return image.get().encode(images, control);
        }
        throw new IllegalArgumentException("a batch must be of one modality that the model has, got " + texts.size()
                + " texts and " + images.size() + " pictures");
    }

    private static <T> List<T> only(Class<T> type, List<? extends Prepared> batch) {
        return batch.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** Inputs that one run of a tower takes at most. */
    public int batch(Modality modality) {
        return switch (modality) {
            case TEXT -> text.map(TextTower::batch).orElse(1);
            case IMAGE -> image.map(ImageTower::batch).orElse(1);
        };
    }

    /** Whether one run of a tower can use all cores. */
    public boolean usesAllCores(Modality modality) {
        return switch (modality) {
            case TEXT -> text.filter(TextTower::usesAllCores).isPresent();
            case IMAGE -> image.filter(ImageTower::usesAllCores).isPresent();
        };
    }

    /** Bytes that the sessions are charged for. */
    public long bytes() {
        return sessions.stream().mapToLong(Session::bytes).sum();
    }

    @Override
    public void close() {
        var resources = new ArrayList<Runnable>();
        sessions.forEach(s -> resources.add(s::close));
        tokenizer.ifPresent(t -> resources.add(t::close));
        resources.add(buffers::clear);
        RuntimeException failure = null;
        for (Runnable resource : resources) {
            try {
                resource.run();
            } catch (RuntimeException e) {
                if (failure != null) {
                    e.addSuppressed(failure);
                }
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
