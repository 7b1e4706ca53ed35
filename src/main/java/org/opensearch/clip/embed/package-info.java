/** The one door: whatever needs a vector sends {@link org.opensearch.clip.embed.Embed}. */
package org.opensearch.clip.embed;
