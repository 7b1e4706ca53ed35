// SPDX-License-Identifier: Apache-2.0
/** From requests to vectors on this node, in batches across requests: {@code docs/scheduling.md}. */
package org.opensearch.clip.embed.scheduling;
