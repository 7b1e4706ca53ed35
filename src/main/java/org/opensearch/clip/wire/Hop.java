// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.opensearch.action.ActionListenerResponseHandler;
import org.opensearch.action.FailedNodeException;
import org.opensearch.action.support.ChannelActionListener;
import org.opensearch.action.support.GroupedActionListener;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.core.transport.TransportResponse;
import org.opensearch.tasks.Task;
import org.opensearch.transport.TransportRequest;
import org.opensearch.transport.TransportRequestOptions;
import org.opensearch.transport.TransportService;

/**
 * A request from node to node and its answer, under a name for each form: a node is sent the newest that it understands, and
 * answers in the form that it was asked in. Immutable.
 *
 * @param name of the framed form
 * @param oldName of {@link OldForm}, {@code null} where there was none: then a node {@link #knownTo} which it is not is not asked
 * @param task what a request runs as on the node that it is sent to
 */
public record Hop<Q extends Writeable, A extends Writeable>(
        String name, String oldName, Writeable.Reader<Q> request, Writeable.Reader<A> answer, Tasks<Q> task) {

    /** Makes the task of a request. */
    @FunctionalInterface
    public interface Tasks<Q> {
        Task of(Q request, long id, String type, String action, TaskId parent, Map<String, String> headers);
    }

    /** Answers a request. */
    @FunctionalInterface
    public interface Handler<Q, A> {
        void handle(Q request, Task task, ActionListener<A> listener) throws Exception;
    }

    /** For a request that nobody cancels. */
    public Hop(String name, String oldName, Writeable.Reader<Q> request, Writeable.Reader<A> answer) {
        this(
                name,
                oldName,
                request,
                answer,
                (body, id, type, action, parent, headers) -> new Task(id, type, action, "", parent, headers));
    }

    /** Answers requests that come to this node, of both forms. */
    public void serve(TransportService transport, String executor, Handler<Q, A> handler) {
        serve(transport, executor, name, false, handler);
        if (oldName != null) {
            serve(transport, executor, oldName, true, handler);
        }
    }

    /** Whether a node can be asked this. */
    public boolean knownTo(DiscoveryNode node) {
        return oldName == null ? !Frame.isOld(node) : Frame.understands(node);
    }

    private void serve(TransportService transport, String executor, String action, boolean old, Handler<Q, A> handler) {
        transport.registerRequestHandler(
                action, executor, in -> new Parcel<>(in, old, this), (parcel, channel, task) -> {
                    var reply = new ChannelActionListener<Reply<A>, Parcel<Q>>(channel, action, parcel);
                    handler.handle(parcel.body, task, ActionListener.map(reply, body -> new Reply<>(body, old)));
                });
    }

    /** Sends a request to a node that it is {@link #knownTo}, as a child of {@code parent}. */
    public void send(
            TransportService transport,
            DiscoveryNode node,
            Q body,
            Task parent,
            TransportRequestOptions options,
            ActionListener<A> listener) {
        boolean old = Frame.isOld(node);
        transport.sendChildRequest(
                node,
                old ? oldName : name,
                new Parcel<>(body, old, task),
                parent,
                options,
                new ActionListenerResponseHandler<Reply<A>>(
                        ActionListener.map(listener, reply -> reply.body),
                        in -> new Reply<>(answer.read(old ? OldForm.of(in) : in), old)));
    }

    /**
     * What several nodes say.
     *
     * @param failures of nodes that did not answer
     */
    public record Said<A>(List<A> answers, List<FailedNodeException> failures) {}

    /**
     * Asks several nodes at once, those of them that it is {@link #knownTo}.
     *
     * @param timeout of each, {@code null} = as long as it takes
     * @param listener told on a thread of the transport
     */
    public void ask(
            TransportService transport,
            Iterable<DiscoveryNode> all,
            Q body,
            Task parent,
            TimeValue timeout,
            ActionListener<Said<A>> listener) {
        List<DiscoveryNode> nodes = StreamSupport.stream(all.spliterator(), false)
                .filter(this::knownTo)
                .toList();
        if (nodes.isEmpty()) {
            listener.onResponse(new Said<>(List.of(), List.of()));
            return;
        }
        List<A> answers = Collections.synchronizedList(new ArrayList<>());
        List<FailedNodeException> failures = Collections.synchronizedList(new ArrayList<>());
        var counted = new GroupedActionListener<>(
                ActionListener.map(listener, done -> new Said<>(List.copyOf(answers), List.copyOf(failures))),
                nodes.size());
        TransportRequestOptions options =
                TransportRequestOptions.builder().withTimeout(timeout).build();
        for (DiscoveryNode node : nodes) {
            send(
                    transport,
                    node,
                    body,
                    parent,
                    options,
                    ActionListener.runAfter(
                            ActionListener.wrap(
                                    answers::add,
                                    e -> failures.add(new FailedNodeException(
                                            node.getId(), "Failed node [" + node.getId() + "]", e))),
                            () -> counted.onResponse(null)));
        }
    }

    private static void write(Writeable body, boolean old, StreamOutput out) throws IOException {
        body.writeTo(old ? OldForm.of(out) : out);
    }

    private static final class Parcel<Q extends Writeable> extends TransportRequest {
        private final Q body;
        private final boolean old;
        private final Tasks<Q> task;

        private Parcel(Q body, boolean old, Tasks<Q> task) {
            this.body = body;
            this.old = old;
            this.task = task;
        }

        private Parcel(StreamInput in, boolean old, Hop<Q, ?> hop) throws IOException {
            super(in);
            this.body = hop.request().read(old ? OldForm.of(in) : in);
            this.old = old;
            this.task = hop.task();
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            write(body, old, out);
        }

        @Override
        public Task createTask(long id, String type, String action, TaskId parent, Map<String, String> headers) {
            return task.of(body, id, type, action, parent, headers);
        }
    }

    private static final class Reply<A extends Writeable> extends TransportResponse {
        private final A body;
        private final boolean old;

        private Reply(A body, boolean old) {
            this.body = body;
            this.old = old;
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            write(body, old, out);
        }
    }
}
