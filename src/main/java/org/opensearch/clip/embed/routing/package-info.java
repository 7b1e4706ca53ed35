// SPDX-License-Identifier: Apache-2.0
/** Which node answers an embed request, and whether it still does. */
package org.opensearch.clip.embed.routing;
