// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.unit.TimeValue;

/**
 * How long a request may take.
 *
 * @param each while an input is worked on
 * @param inQueue until the last input leaves the queue
 */
public record RequestLimits(TimeValue each, TimeValue inQueue) {

    /** @param timeout that the request says itself, {@code null} = what the settings say */
    public static RequestLimits of(Lane lane, TimeValue timeout, ClipSettings.Lanes settings) {
        boolean search = lane == Lane.SEARCH;
        TimeValue usual = search ? settings.searchTimeout() : settings.ingestTimeout();
        TimeValue each = timeout == null ? usual : timeout;
        return new RequestLimits(each, search ? each : settings.ingestMaxQueueTime());
    }
}
