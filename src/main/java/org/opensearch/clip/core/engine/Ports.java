// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.util.List;
import org.opensearch.clip.core.engine.Session.Port;

/** What a graph takes and gives, which can be known without loading it. */
public interface Ports {

    List<Port> inputs();

    List<Port> outputs();
}
