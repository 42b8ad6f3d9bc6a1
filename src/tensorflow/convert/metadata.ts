/** @file What a converted model says about itself. */
import type { ModelJson } from '../model-json.js'

const CLASS_KEYS = ['classes', 'class_names', 'classNames', 'labels'] as const

/** Null-prototype. Names of classes stay where the model has them, under a key that readers of ONNX models know. */
export function modelMetadata({ userDefinedMetadata, generatedBy, convertedBy }: ModelJson): Readonly<Record<string, string>> {
  const metadata = Object.create(null) as Record<string, string>
  metadata['probity:converted-from'] = ['TensorFlow.js layers-model', generatedBy, convertedBy].filter(Boolean).join(', ')
  const key = CLASS_KEYS.find((known) => isLabels(userDefinedMetadata && Object.hasOwn(userDefinedMetadata, known) ? userDefinedMetadata[known] : null))
  if (key !== undefined) metadata['classes'] = JSON.stringify(userDefinedMetadata?.[key])
  return metadata
}

const isLabels = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every((item) => ['string', 'number', 'boolean'].includes(typeof item))
