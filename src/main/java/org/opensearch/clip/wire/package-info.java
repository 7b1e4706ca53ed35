// SPDX-License-Identifier: Apache-2.0
/** What goes from node to node: the frame of every form, and how a node is sent the form that it understands. */
package org.opensearch.clip.wire;
