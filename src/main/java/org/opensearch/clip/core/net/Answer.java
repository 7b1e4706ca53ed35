// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.opensearch.clip.core.net.FetchException.Kind;

/** What a server says after the last redirect: its head, and its body while it arrives. Only for the reader it is given to. */
public final class Answer {

    private final String name;
    private final ClassicHttpResponse head;
    private final InputStream body;
    private final boolean credentialSent;

    Answer(String name, ClassicHttpResponse head, InputStream body, boolean credentialSent) {
        this.name = name;
        this.head = head;
        this.body = body;
        this.credentialSent = credentialSent;
    }

    public int status() {
        return head.getCode();
    }

    /** The first value of a header, of any case. */
    public Optional<String> header(String header) {
        return Optional.ofNullable(head.getFirstHeader(header)).map(Header::getValue);
    }

    /** Bytes of the body, -1 when the server does not say it. */
    public long length() {
        return head.getEntity() == null ? 0 : head.getEntity().getContentLength();
    }

    public InputStream body() {
        return body;
    }

    /**
     * The whole body.
     *
     * @param setting that a message names for the limit, {@code null} = none
     * @throws FetchException {@code TOO_LARGE}
     */
    public byte[] bytes(int max, String setting) throws IOException, FetchException {
        if (length() > max) {
            throw tooLarge(max, setting);
        }
        byte[] bytes = body.readNBytes(max + 1);
        if (bytes.length > max) {
            throw tooLarge(max, setting);
        }
        return bytes;
    }

    /** @throws FetchException unless the status is 200 */
    public void requireOk() throws FetchException {
        if (status() != 200) {
            throw new FetchException(
                    Kind.FAILED, name + " answers with status " + status() + ", not 200" + aboutCredentials());
        }
    }

    private String aboutCredentials() {
        if (status() != 401 && status() != 403) {
            return "";
        }
        return credentialSent
                ? ": what plugins.clip.image.credentials has for it does not open it"
                : ": plugins.clip.image.credentials has nothing that is sent there";
    }

    private FetchException tooLarge(int max, String setting) {
        return new FetchException(
                Kind.TOO_LARGE,
                name + " sends more than " + max + " bytes" + (setting == null ? "" : ": see " + setting));
    }
}
