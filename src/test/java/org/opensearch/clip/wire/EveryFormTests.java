// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.wire;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.opensearch.clip.embed.EmbedGoldenTests;
import org.opensearch.clip.embed.routing.RoutingGoldenTests;
import org.opensearch.clip.model.ModelGoldenTests;
import org.opensearch.clip.query.QueryGoldenTests;
import org.opensearch.clip.search.SearchGoldenTests;
import org.opensearch.clip.stats.StatsGoldenTests;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.test.OpenSearchTestCase;

/** No class of the plugin writes bytes for another node that no line of {@code wire/goldens.properties} holds. */
public class EveryFormTests extends OpenSearchTestCase {

    public void testEachClassThatWritesHasGoldenBytes() throws IOException {
        GoldenBytes goldens = new GoldenBytes();
        EmbedGoldenTests.check(goldens);
        RoutingGoldenTests.check(goldens);
        ModelGoldenTests.check(goldens);
        QueryGoldenTests.check(goldens);
        SearchGoldenTests.check(goldens);
        StatsGoldenTests.check(goldens);
        Set<String> without = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("org.opensearch.clip").stream()
                        .filter(type -> !type.getPackageName().equals(Frame.class.getPackageName()) && writes(type))
                        .map(JavaClass::getName)
                        .collect(Collectors.toCollection(TreeSet::new));
        assertTrue("found " + without, without.size() > 50);
        without.removeAll(goldens.writers());
        assertEquals("without golden bytes", Set.of(), without);
    }

    private static boolean writes(JavaClass type) {
        return type.getMethods().stream()
                .anyMatch(method -> !method.getModifiers().contains(JavaModifier.ABSTRACT)
                        && method.getRawParameterTypes().stream()
                                .anyMatch(parameter -> parameter.isEquivalentTo(StreamOutput.class)));
    }
}
