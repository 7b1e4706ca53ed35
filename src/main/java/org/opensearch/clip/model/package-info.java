/**
 * Models of the cluster and of this node: {@link org.opensearch.clip.model.ModelMetadata} is what the cluster declares,
 * {@link org.opensearch.clip.model.LoadedModels} what this node holds of it, and one class an endpoint.
 */
package org.opensearch.clip.model;
