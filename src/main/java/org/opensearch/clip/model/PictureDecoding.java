// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.clip.core.image.ImageDecoder;
import org.opensearch.clip.core.image.ImagePreprocessor;
import org.opensearch.clip.core.image.Leptonica;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.secure_sm.AccessController;

/** How this node decodes pictures, found out once when it starts; the section {@code pictures} of its stats. Immutable. */
public final class PictureDecoding {

    private static final Logger LOGGER = LogManager.getLogger(PictureDecoding.class);

    private final Optional<Leptonica> natives;

    /** Why there are none, {@code null} where there are. */
    private final String reason;

    private final ImagePreprocessor preprocessor;

    private PictureDecoding(Optional<Leptonica> natives, String reason, boolean scaled) {
        this.natives = natives;
        this.reason = reason;
        this.preprocessor = new ImagePreprocessor(new ImageDecoder(natives), scaled && natives.isPresent());
    }

    /** The build lays the libraries into the plugin's folder. */
    public static PictureDecoding of(Environment environment) {
        Path libraries = environment.pluginsDir().resolve("opensearch-clip").resolve("lib");
        return of(environment.settings(), libraries);
    }

    static PictureDecoding of(Settings settings, Path libraries) {
        boolean scaled = ClipSettings.IMAGE_SCALED_DECODING.get(settings);
        if (!ClipSettings.IMAGE_NATIVE_DECODERS.get(settings)) {
            return new PictureDecoding(
                    Optional.empty(), "[" + ClipSettings.IMAGE_NATIVE_DECODERS.getKey() + "] is [false]", scaled);
        }
        try {
            Leptonica library = AccessController.doPrivileged(() -> Leptonica.open(libraries));
            return new PictureDecoding(Optional.of(library), null, scaled);
        } catch (LinkageError e) { // no library for this platform, or a JVM in which JNA cannot load its own
            // JNA's own message goes on with everywhere it has looked.
            LOGGER.warn(
                    "JPEG is decoded by the JDK, which takes several times longer, and WebP is not decoded: the native library cannot be loaded: {}",
                    String.valueOf(e.getMessage()).lines().limit(2).collect(Collectors.joining(" ")));
            return new PictureDecoding(
                    Optional.empty(), "the native library cannot be loaded, see the log of this node", scaled);
        }
    }

    ImagePreprocessor preprocessor() {
        return preprocessor;
    }

    /** @return {@code native_decoders}, and where there are none, {@code reason} */
    public Map<String, Object> section() {
        Map<String, Object> section = new LinkedHashMap<>();
        section.put("native_decoders", natives.isPresent());
        if (reason != null) {
            section.put("reason", reason);
        }
        return section;
    }
}
