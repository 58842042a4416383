// SPDX-License-Identifier: Apache-2.0
package io.drasi.source.postgres.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.drasi.source.postgres.types.TypeOid;
import org.junit.jupiter.api.Test;

class CatalogColumnTest {
    private static CatalogColumn column(long type, int modifier) {
        return new CatalogColumn("c", type, type, modifier);
    }

    private static void assertKeeps(CatalogColumn before, CatalogColumn after, boolean keeps) {
        assertThat(before.keepsValues(after)).as("%s to %s", before, after).isEqualTo(keeps);
    }

    @Test
    void knowsWhichTypesKeepTheValuesToTheLetter() {
        CatalogColumn varchar = column(TypeOid.VARCHAR, 14);
        assertKeeps(varchar, column(TypeOid.VARCHAR, 14), true);
        assertKeeps(varchar, column(TypeOid.VARCHAR, 24), true);
        assertKeeps(varchar, column(TypeOid.VARCHAR, -1), true);
        assertKeeps(varchar, column(TypeOid.TEXT, -1), true);
        assertKeeps(varchar, column(TypeOid.VARCHAR, 7), false);
        assertKeeps(column(TypeOid.TEXT, -1), varchar, false);
        assertKeeps(varchar, column(TypeOid.BPCHAR, 14), false);
        assertKeeps(column(TypeOid.INT2, -1), column(TypeOid.INT8, -1), true);
        assertKeeps(column(TypeOid.INT4, -1), column(TypeOid.NUMERIC, -1), false);
        assertKeeps(column(TypeOid.NUMERIC, 655366), column(TypeOid.NUMERIC, 655368), false);
    }
}
