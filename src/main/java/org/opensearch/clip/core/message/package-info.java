// SPDX-License-Identifier: Apache-2.0
/** What messages show of values that are not ours. */
package org.opensearch.clip.core.message;
