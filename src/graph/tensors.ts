/** @file Every tensor that a model file holds: initializers, attributes, sparse parts, in subgraphs and functions too. */
import { isExternal, type Attribute, type Graph, type Initializer, type Node, type OnnxModel, type SparseTensor } from './ir.js'

type Change = (tensor: Initializer) => Initializer
type Named = Initializer & { readonly name?: string }

/** The model with each tensor replaced. */
export function mapTensors(model: OnnxModel, change: Change): OnnxModel {
  return { ...model, graph: mapGraph(model.graph, change), functions: model.functions.map((definition) => ({ ...definition, nodes: definition.nodes.map((node) => mapNode(node, change)) })) }
}

/** Tensors whose bytes lie outside the file. */
export function externalTensors(model: OnnxModel): Extract<Initializer, { external: unknown }>[] {
  const found: Extract<Initializer, { external: unknown }>[] = []
  mapTensors(model, (tensor) => {
    if (isExternal(tensor)) found.push(tensor)
    return tensor
  })
  return found
}

function mapGraph(graph: Graph, change: Change): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => mapNode(node, change)),
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [name, change(tensor)])),
    sparseInitializers: new Map([...graph.sparseInitializers].map(([name, sparse]) => [name, mapSparse(sparse, change)])),
  }
}

function mapNode(node: Node, change: Change): Node {
  return { ...node, attributes: new Map([...node.attributes].map(([name, attribute]) => [name, mapAttribute(attribute, change)])) }
}

function mapAttribute(attribute: Attribute, change: Change): Attribute {
  switch (attribute.type) {
    case 'tensor': return { type: 'tensor', value: mapNamed(attribute.value, change) }
    case 'tensors': return { type: 'tensors', value: attribute.value.map((tensor) => mapNamed(tensor, change)) }
    case 'sparse-tensor': return { type: 'sparse-tensor', value: mapSparse(attribute.value, change) }
    case 'sparse-tensors': return { type: 'sparse-tensors', value: attribute.value.map((sparse) => mapSparse(sparse, change)) }
    case 'graph': return { type: 'graph', value: mapGraph(attribute.value, change) }
    case 'graphs': return { type: 'graphs', value: attribute.value.map((graph) => mapGraph(graph, change)) }
    default: return attribute
  }
}

const mapNamed = (tensor: Named, change: Change): Named => ({ ...change(tensor), ...(tensor.name === undefined ? {} : { name: tensor.name }) })
const mapSparse = (sparse: SparseTensor, change: Change): SparseTensor => ({ ...sparse, values: mapNamed(sparse.values, change), indices: change(sparse.indices) })
