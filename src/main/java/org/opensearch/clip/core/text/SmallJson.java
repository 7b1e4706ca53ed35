// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;

/** A small section of a file as maps, lists, strings, doubles and booleans: limited in depth and number, each name once. */
final class SmallJson {

    private static final int DEEPEST = 12;
    private static final int MOST_VALUES = 10_000;

    private final JsonReader in;
    private final String where;
    private int values;

    private SmallJson(JsonReader in, String where) {
        this.in = in;
        this.where = where;
    }

    static Object read(JsonReader in, String where) throws IOException {
        return new SmallJson(in, where).read(0);
    }

    private Object read(int depth) throws IOException {
        Components.require(depth < DEEPEST, where, "nested deeper than " + DEEPEST, "less nesting");
        Components.require(++values <= MOST_VALUES, where, "of more than " + MOST_VALUES + " values", "less");
        return switch (in.peek()) {
            case BEGIN_OBJECT -> {
                var map = new LinkedHashMap<String, Object>();
                in.beginObject();
                while (in.hasNext()) {
                    String name = in.nextName();
                    Components.require(!map.containsKey(name), where, name + " twice", "each name once");
                    map.put(name, read(depth + 1));
                }
                in.endObject();
                yield map;
            }
            case BEGIN_ARRAY -> {
                var list = new ArrayList<>();
                in.beginArray();
                while (in.hasNext()) {
                    list.add(read(depth + 1));
                }
                in.endArray();
                yield list;
            }
            case STRING -> in.nextString();
            case NUMBER -> in.nextDouble();
            case BOOLEAN -> in.nextBoolean();
            default -> {
                in.nextNull();
                yield null;
            }
        };
    }
}
