/** The {@code clip} query: rewritten once, on the coordinator, into a {@code knn} query. */
package org.opensearch.clip.query;
