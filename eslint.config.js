import js from '@eslint/js'
import importX from 'eslint-plugin-import-x'
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'
import tseslint from 'typescript-eslint'

/**
 * Who may import whom (ARCHITECTURE.md draws it). Each layer lists the layers it may see besides itself; everything else is refused.
 */
const LAYERS = {
  'src/contracts': [],
  'src/tensor': ['src/contracts'],
  'src/graph': ['src/contracts', 'src/tensor'],
  'src/autodiff': ['src/contracts', 'src/tensor', 'src/graph'],
  'src/tensorflow': ['src/contracts', 'src/tensor', 'src/graph'],
  'src/engine': ['src/contracts', 'src/tensor', 'src/graph', 'src/autodiff', 'src/tensorflow'],
  'src/explain': ['src/contracts', 'src/tensor'],
  'src/attack': ['src/contracts', 'src/tensor'],
  'src/data': ['src/contracts', 'src/tensor'],
  'src/statistics': ['src/contracts', 'src/tensor'],
  'src/config': ['src/contracts'],
  'src/artifacts': ['src/contracts', 'src/tensor', 'src/data', 'src/tensorflow', 'src/engine', 'src/explain', 'src/attack', 'src/statistics'],
  'src/audit': ['src/contracts', 'src/tensor', 'src/config', 'src/data', 'src/statistics', 'src/artifacts'],
  'metrics': ['src/contracts', 'src/statistics'],
  'reports': ['src/contracts'],
}
const COMPOSITION_ROOTS = ['src/index.ts', 'src/cli', 'src/worker']

const zones = Object.entries(LAYERS).map(([target, allowed]) => ({
  target: `./${target}`,
  from: ['./src', './metrics', './reports'].map(String),
  except: [],
  allowed,
}))

/** `no-restricted-paths` wants what is forbidden: every other layer and every composition root. */
const restricted = zones.flatMap(({ target, allowed }) => {
  const layer = target.slice(2)
  const forbidden = [...Object.keys(LAYERS).filter((other) => other !== layer && !allowed.includes(other)), ...COMPOSITION_ROOTS]
  return forbidden.map((from) => ({ target, from: `./${from}`, message: `${layer} must not import ${from}: see "Layers" in ARCHITECTURE.md.` }))
})

const RUNTIMES = {
  patterns: [
    { group: ['onnxruntime-*'], message: 'Only src/engine/onnxruntime imports ONNX Runtime.' },
    { group: ['@tensorflow/*', 'webgpu'], message: 'Only src/engine/tfjs imports TensorFlow.js.' },
  ],
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'src/graph/onnx-proto.ts', 'probity-report/', 'examples/**/probity-report/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: './tsconfig.json' })] },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: restricted }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-imports': ['error', RUNTIMES],
    },
  },
  { files: ['src/engine/onnxruntime/**/*.ts', 'src/engine/tfjs/**/*.ts', 'test/**/*.ts', 'bench/**/*'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['metrics/**/*.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['node:*', 'fs', 'fs/*', 'path'], message: 'Metrics are pure: they read artifacts, never files.' }, ...RUNTIMES.patterns] }] } },
  { files: ['src/**/*.ts', 'metrics/**/*.ts', 'reports/**/*.ts'], ignores: ['src/cli/**'], rules: { 'no-console': 'error' } },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', performance: 'readonly', Buffer: 'readonly', setTimeout: 'readonly', setInterval: 'readonly', clearInterval: 'readonly' } } },
)
