// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.opensearch.clip.core.message.Shown;

/** Files that somebody else listed: a hub, a declaration. */
final class Listing extends Folder {

    private final TreeMap<String, Listed> files = new TreeMap<>();
    private final Content content;

    Listing(Collection<Listed> files, Content content) {
        files.forEach(file -> this.files.put(file.path(), file));
        this.content = content;
    }

    @Override
    boolean has(String name) {
        return files.containsKey(name);
    }

    @Override
    long size(String name) {
        return listed(name).size();
    }

    @Override
    List<String> list(String folder) {
        String place = folder.isEmpty() || folder.endsWith("/") ? folder : folder + "/";
        return files.keySet().stream()
                .filter(name -> name.startsWith(place) && name.indexOf('/', place.length()) < 0)
                .map(name -> name.substring(place.length()))
                .toList();
    }

    @Override
    public Path file(String name) {
        return content.file(listed(name));
    }

    @Override
    Artifact artifact(String name) {
        Listed file = listed(name);
        return file.sha256().map(hash -> new Artifact(name, file.size(), hash)).orElseGet(() -> super.artifact(name));
    }

    private Listed listed(String name) {
        Listed file = files.get(name);
        if (file == null) {
            throw new IllegalArgumentException("[" + Shown.of(name) + "] is missing");
        }
        return file;
    }
}
