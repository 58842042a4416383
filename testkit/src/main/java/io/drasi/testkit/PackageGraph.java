// SPDX-License-Identifier: Apache-2.0
package io.drasi.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.time.Instant;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * The rules for the packages of one module: they form a graph without circles with the root package at its top, and
 * each is named for what it holds.
 */
public final class PackageGraph {
    private static final Pattern EMPTY_PACKAGE_WORD =
            Pattern.compile("(util|common|helper|manager|impl|internal)s?", Pattern.CASE_INSENSITIVE);
    private static final Pattern EMPTY_CLASS_ENDING = Pattern.compile(".*(Util|Common|Helper|Manager|Impl|Internal)s?");

    private PackageGraph() {}

    /**
     * Checks the main classes below {@code rootPackage}; the classes of tests are left out.
     *
     * @param rootPackage the module's root package, e.g. {@code io.drasi.model}
     * @throws AssertionError if a rule is broken, or if there is no class below {@code rootPackage}
     */
    public static void check(String rootPackage) {
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(rootPackage);
        assertThat(classes).as("classes below " + rootPackage).isNotEmpty();
        checkNames(classes, rootPackage);
        checkThatNoChildDependsOnTheRoot(classes, rootPackage);
        checkThatThereIsNoCycle(classes);
        checkThatTheClockIsPassedIn(classes);
    }

    private static void checkNames(JavaClasses classes, String rootPackage) {
        assertThat(classes)
                .extracting(JavaClass::getPackageName)
                .as("packages below " + rootPackage + " that are not named for what they hold")
                .noneMatch(name -> Arrays.stream(name.split("\\.", -1))
                        .anyMatch(word -> EMPTY_PACKAGE_WORD.matcher(word).matches()));
        assertThat(classes)
                .extracting(JavaClass::getSimpleName)
                .as("classes below " + rootPackage + " that are not named for what they do")
                .noneMatch(name -> EMPTY_CLASS_ENDING.matcher(name).matches());
    }

    private static void checkThatNoChildDependsOnTheRoot(JavaClasses classes, String rootPackage) {
        noClasses()
                .that()
                .resideInAPackage(rootPackage + ".*..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(rootPackage)
                .because("the root package imports its children and is not imported by them")
                .allowEmptyShould(true)
                .check(classes);
    }

    private static void checkThatThereIsNoCycle(JavaClasses classes) {
        slices().assignedFrom(new ByPackage())
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true)
                .check(classes);
    }

    /** A clock of the wall may jump: timeouts are measured with {@link System#nanoTime}. */
    private static void checkThatTheClockIsPassedIn(JavaClasses classes) {
        noClasses()
                .that()
                .resideOutsideOfPackage(PackageGraph.class.getPackageName())
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .because("the clock is passed in, and nothing is decided by it")
                .allowEmptyShould(true)
                .check(classes);
    }

    private static final class ByPackage implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
            return SliceIdentifier.of(javaClass.getPackageName());
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    }
}
