// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/** A decoded picture. {@code rgb}: height rows of width pixels of three unsigned bytes R, G, B. */
public record RgbImage(int width, int height, byte[] rgb) {}
