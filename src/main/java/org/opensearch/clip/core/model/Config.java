// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.opensearch.clip.core.message.Shown;

/**
 * A JSON object of a model's folder, read by name; what has the wrong type is refused by file and name, null is absent.
 */
record Config(String file, JsonObject json) {

    Optional<String> text(String name) {
        return primitive(name, "a text", JsonPrimitive::isString).map(JsonPrimitive::getAsString);
    }

    Optional<Boolean> flag(String name) {
        return primitive(name, "true or false", JsonPrimitive::isBoolean).map(JsonPrimitive::getAsBoolean);
    }

    Optional<Double> number(String name) {
        return primitive(name, "a number", JsonPrimitive::isNumber).map(JsonPrimitive::getAsDouble);
    }

    /** Empty also for the very large numbers that stand for "no limit". */
    Optional<Integer> integer(String name) {
        Optional<Double> value = number(name).filter(n -> n <= Integer.MAX_VALUE);
        if (value.isPresent() && (value.get() != Math.rint(value.get()) || value.get() < 0)) {
            throw wrong(name, "a whole number, not negative");
        }
        return value.map(Double::intValue);
    }

    Optional<double[]> numbers(String name) {
        if (!has(name)) {
            return Optional.empty();
        }
        var values = new ArrayList<Double>();
        if (json.get(name) instanceof JsonArray array) {
            for (JsonElement e : array) {
                if (e instanceof JsonPrimitive p && p.isNumber()) {
                    values.add(p.getAsDouble());
                }
            }
            if (values.size() == array.size()) {
                return Optional.of(
                        values.stream().mapToDouble(Double::doubleValue).toArray());
            }
        }
        throw wrong(name, "a list of numbers");
    }

    List<Integer> integers(String name) {
        double[] values = numbers(name).orElse(new double[0]);
        var integers = new ArrayList<Integer>();
        for (double value : values) {
            if (value != Math.rint(value) || value < 1 || value > Integer.MAX_VALUE) {
                throw wrong(name, "a list of positive whole numbers");
            }
            integers.add((int) value);
        }
        return integers;
    }

    List<String> texts(String name) {
        var texts = new ArrayList<String>();
        if (json.get(name) instanceof JsonArray array) {
            for (JsonElement e : array) {
                if (!(e instanceof JsonPrimitive p && p.isString())) {
                    throw wrong(name, "a list of texts");
                }
                texts.add(e.getAsString());
            }
        } else if (has(name)) {
            throw wrong(name, "a list of texts");
        }
        return texts;
    }

    /** An object inside; an empty one when it is absent or not an object. */
    Config at(String name) {
        return new Config(file + ": " + name, json.get(name) instanceof JsonObject o ? o : new JsonObject());
    }

    boolean has(String name) {
        return json.has(name) && !json.get(name).isJsonNull();
    }

    boolean isObject(String name) {
        return json.get(name) instanceof JsonObject;
    }

    boolean isList(String name) {
        return json.get(name) instanceof JsonArray;
    }

    IllegalArgumentException wrong(String name, String expected) {
        return new IllegalArgumentException(
                "[" + file + "]: [" + name + "] is " + Shown.of(json.get(name)) + ", expected " + expected);
    }

    private Optional<JsonPrimitive> primitive(String name, String expected, Predicate<JsonPrimitive> type) {
        if (!has(name)) {
            return Optional.empty();
        }
        if (json.get(name) instanceof JsonPrimitive p && type.test(p)) {
            return Optional.of(p);
        }
        throw wrong(name, expected);
    }
}
