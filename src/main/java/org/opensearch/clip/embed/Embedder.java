// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.function.Consumer;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.support.ContextPreservingActionListener;
import org.opensearch.clip.model.Refusal;
import org.opensearch.clip.wire.Peers;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.identity.PluginSubject;
import org.opensearch.transport.client.Client;

/**
 * How processors and queries send {@link Embed}: under the plugin's subject, so that whoever may write a pipeline or search an
 * index needs no permission of this plugin, or as the caller, for what only some users may ask for. Thread-safe.
 */
public final class Embedder {
    private final Consumer<Runnable> asPlugin;
    private final LabelVectors labels = new LabelVectors();
    private final Peers peers = new Peers();
    private final VectorHeap heap = new VectorHeap();
    private volatile PluginSubject subject;

    /** Nothing is sent as the plugin before {@link #assign}, which the node calls at its start. */
    public Embedder() {
        this.asPlugin = task -> subject.runAs(task::run);
    }

    /** @param asPlugin runs a task as the plugin's subject and puts the caller's context back before it returns */
    public Embedder(Consumer<Runnable> asPlugin) {
        this.asPlugin = asPlugin;
    }

    public void assign(PluginSubject ofPlugin) {
        subject = ofPlugin;
    }

    /** Who may be sent what beside such requests. */
    public Peers peers() {
        return peers;
    }

    /** What holds vectors that are made. */
    public VectorHeap heap() {
        return heap;
    }

    /** What classifying keeps, wherever it is done. */
    public LabelVectors labels() {
        return labels;
    }

    /** Sends the request as the plugin; the listener completes in the context of the caller, never in the plugin's. */
    public void asPlugin(Client client, Embed.Request request, ActionListener<Embed.Response> listener) {
        var restoring = ContextPreservingActionListener.wrapPreservingContext(
                warning(listener), client.threadPool().getThreadContext());
        asPlugin.accept(() -> client.execute(request.action(), request, restoring));
    }

    /** Sends the request as whoever calls, who needs the permission for {@link Embed.Request#action()}. */
    public void asCaller(Client client, Embed.Request request, ActionListener<Embed.Response> listener) {
        client.execute(request.action(), request, warning(listener));
    }

    /** In the context of the caller, whose answer carries the header. */
    private static ActionListener<Embed.Response> warning(ActionListener<Embed.Response> listener) {
        return ActionListener.delegateFailure(listener, (next, response) -> {
            response.warn();
            next.onResponse(response);
        });
    }

    /** An exception of the kind that core maps to {@code status}: in a bulk item the type is what a client sees. */
    public static RuntimeException exception(String message, RestStatus status, Throwable cause) {
        return switch (status) {
            case BAD_REQUEST -> new IllegalArgumentException(message, cause);
            case NOT_FOUND -> new ResourceNotFoundException(message, cause);
            case TOO_MANY_REQUESTS -> Refusal.rejected(message, cause);
            case SERVICE_UNAVAILABLE -> Refusal.unavailable(message, cause);
            default -> new OpenSearchStatusException(message, status, cause);
        };
    }
}
