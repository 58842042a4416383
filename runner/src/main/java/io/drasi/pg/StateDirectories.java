// SPDX-License-Identifier: Apache-2.0
package io.drasi.pg;

import io.drasi.model.PositionStore;
import io.drasi.source.postgres.store.FilePositionStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The files in which the positions of this run's sources are kept. To be closed when the sources are. */
final class StateDirectories implements AutoCloseable {
    private final List<FilePositionStore> open = new ArrayList<>();

    PositionStore open(Path directory, String sourceId) {
        FilePositionStore store = FilePositionStore.open(directory, sourceId);
        open.add(store);
        return store;
    }

    @Override
    public void close() {
        open.forEach(FilePositionStore::close);
    }
}
