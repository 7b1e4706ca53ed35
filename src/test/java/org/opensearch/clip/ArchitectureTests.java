// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static java.util.stream.Collectors.toMap;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.ImportOption.OnlyIncludeTests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The map of the packages, executable: what may use what, what is pure, how long a file may be. */
class ArchitectureTests {

    private static final String ROOT = "org.opensearch.clip";

    private static final Path SOURCES = Path.of("src", "main", "java", "org", "opensearch", "clip");

    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages(ROOT);

    private static final Set<String> CORE = Set.of(
            "core.message",
            "core.text",
            "core.image",
            "core.vector",
            "core.net",
            "core.model",
            "core.engine",
            "core.onnx");

    /** Package to the packages it may use. A package that is not here fails the build. */
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            entry("core.message", Set.of()),
            entry("core.text", Set.of("core.message")),
            entry("core.image", Set.of()),
            entry("core.vector", Set.of()),
            entry("core.net", Set.of("core.message")),
            entry("core.model", Set.of("core.message", "core.text", "core.image", "core.vector")),
            entry("core.engine", Set.of("core.model", "core.text", "core.image", "core.vector")),
            entry("core.onnx", Set.of("core.engine", "core.message")),
            entry("settings", Set.of("core.message", "core.net", "core.onnx")),
            entry("wire", Set.of()),
            entry("stats", Set.of("wire")),
            entry("model", with(CORE, "settings", "stats", "wire")),
            entry("embed", with(CORE, "model", "settings", "stats", "wire")),
            entry("embed.routing", with(CORE, "embed", "embed.scheduling", "model", "settings", "stats", "wire")),
            entry("embed.scheduling", with(CORE, "embed", "model", "settings", "stats", "wire")),
            entry("ingest", Set.of("core.message", "embed", "core.engine", "core.image", "core.vector", "settings")),
            entry("query", Set.of("core.message", "embed", "search", "core.engine", "core.vector", "settings", "wire")),
            entry("search", Set.of("core.message", "core.vector", "settings", "wire")));

    private static Set<String> with(Set<String> some, String... more) {
        var all = new HashSet<>(some);
        all.addAll(Set.of(more));
        return Set.copyOf(all);
    }

    @Test
    void packagesUseOnlyWhatTheMapAllows() {
        var rule = layeredArchitecture().consideringOnlyDependenciesInLayers().withOptionalLayers(true);
        for (var name : MAY_USE.keySet()) {
            rule = rule.layer(name).definedBy(ROOT + "." + name);
        }
        for (var arrows : MAY_USE.entrySet()) {
            var from = rule.whereLayer(arrows.getKey());
            rule = arrows.getValue().isEmpty()
                    ? from.mayNotAccessAnyLayer()
                    : from.mayOnlyAccessLayers(arrows.getValue().toArray(String[]::new));
        }
        rule.check(CLASSES);
    }

    @Test
    void everyPackageIsOnTheMap() {
        classes()
                .that()
                .resideOutsideOfPackage(ROOT)
                .should()
                .resideInAnyPackage(
                        MAY_USE.keySet().stream().map(name -> ROOT + "." + name).toArray(String[]::new))
                .check(CLASSES);
    }

    @Test
    void nothingUsesTheRootPackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ROOT)
                .check(CLASSES);
    }

    @Test
    void coreKnowsNothingOfOpenSearch() {
        classes()
                .that()
                .resideInAPackage(ROOT + ".core..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        ROOT + ".core..",
                        "java..",
                        "javax.imageio..",
                        "javax.management..",
                        "javax.net..",
                        "org.w3c.dom..",
                        "ai.onnxruntime..",
                        "ai.djl..",
                        "ai.onnx..",
                        "com.google.gson..",
                        "com.sun.jna..",
                        "com.google.protobuf..",
                        "org.apache.hc..")
                .check(CLASSES);
    }

    @Test
    void onlyCoreOnnxUsesOnnxRuntime() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".core.onnx..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.onnxruntime..")
                .check(CLASSES);
    }

    @Test
    void onlyCoreOnnxAndCoreImageCallNativeLibraries() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".core.onnx..", ROOT + ".core.image..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.sun.jna..")
                .check(CLASSES);
    }

    @Test
    void onlyCoreTextUsesTheTokenizerLibrary() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".core.text..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .check(CLASSES);
    }

    @Test
    void onlyCoreNetUsesTheHttpClient() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".core.net..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.hc..")
                .check(CLASSES);
    }

    @Test
    void staticFieldsAreFinal() {
        fields().that().areStatic().should().beFinal().check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void noClassIsADrawerForEverything() {
        noClasses()
                .should()
                .haveSimpleNameEndingWith("Util")
                .orShould()
                .haveSimpleNameEndingWith("Utils")
                .orShould()
                .haveSimpleNameEndingWith("Helper")
                .orShould()
                .haveSimpleNameEndingWith("Manager")
                .orShould()
                .haveSimpleNameEndingWith("Constants")
                .check(CLASSES);
    }

    /** The build runs integration tests by the JUnit 4 provider, which passes over a class of JUnit 5 in silence. */
    @Test
    void integrationTestsAreJUnit4() {
        classes()
                .that()
                .haveSimpleNameEndingWith("IT")
                .should()
                .beAssignableTo("org.apache.lucene.tests.util.LuceneTestCase")
                .check(new ClassFileImporter()
                        .withImportOption(new OnlyIncludeTests())
                        .importPackages(ROOT));
    }

    @Test
    void noFileIsLongerThan400Lines() throws IOException {
        var tooLong = new TreeMap<>(linesOf(SOURCES, line -> true).entrySet().stream()
                .filter(file -> file.getValue() > 400)
                .collect(toMap(Map.Entry::getKey, Map.Entry::getValue)));
        assertTrue(tooLong.isEmpty(), () -> "longer than 400 lines: " + tooLong);
    }

    @Test
    void theRootPackageIsAtMost150LinesBesideItsImports() throws IOException {
        var root = linesOf(SOURCES, line -> !line.startsWith("import ")).entrySet().stream()
                .filter(file -> SOURCES.equals(file.getKey().getParent()))
                .collect(toMap(Map.Entry::getKey, Map.Entry::getValue));
        assertFalse(root.isEmpty());
        int lines = root.values().stream().mapToInt(Integer::intValue).sum();
        assertTrue(lines <= 150, () -> "the root package only wires, in at most 150 lines; it has " + root);
    }

    private static Map<Path, Integer> linesOf(Path folder, Predicate<String> counts) throws IOException {
        try (var files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).collect(toMap(file -> file, file -> {
                try {
                    return (int)
                            Files.readAllLines(file).stream().filter(counts).count();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }));
        }
    }
}
