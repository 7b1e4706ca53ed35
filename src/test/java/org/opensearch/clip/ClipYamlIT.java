// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import com.carrotsearch.randomizedtesting.annotations.Name;
import com.carrotsearch.randomizedtesting.annotations.ParametersFactory;
import org.opensearch.test.rest.yaml.ClientYamlTestCandidate;
import org.opensearch.test.rest.yaml.OpenSearchClientYamlSuiteTestCase;

/**
 * Runs the YAML tests below {@code rest-api-spec/test} against the real nodes named by {@code -Dtests.rest.cluster}; the build
 * does so against one node and against three.
 */
public final class ClipYamlIT extends OpenSearchClientYamlSuiteTestCase {

    public ClipYamlIT(@Name("yaml") ClientYamlTestCandidate candidate) {
        super(candidate);
    }

    @ParametersFactory
    public static Iterable<Object[]> parameters() throws Exception {
        return createParameters();
    }

    /** k-NN rebuilds {@code _source} from JSON only: documents in YAML, CBOR or SMILE are refused by an index with vectors. */
    @Override
    protected boolean randomizeContentType() {
        return false;
    }
}
