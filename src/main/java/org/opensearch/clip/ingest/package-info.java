/** Document fields to one {@link org.opensearch.clip.embed.Embed} request a slice of a bulk, and back to document fields. */
package org.opensearch.clip.ingest;
