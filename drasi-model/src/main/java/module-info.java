// SPDX-License-Identifier: Apache-2.0
/** The elements, values and source changes of Drasi. */
module io.drasi.model {
    requires static transitive org.jspecify;

    exports io.drasi.model;
}
