/** @file Doc comments of the entries of rule and lowering tables, read from their source. */
import { existsSync, readFileSync } from 'node:fs'
import ts from 'typescript'

const files = new Map()

/** Declarations and imports of a module by name. */
function moduleAt(path) {
  if (files.has(path)) return files.get(path)
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const declarations = new Map()
  const imports = new Map()
  for (const statement of source.statements) {
    if ((ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) && statement.moduleSpecifier?.text.startsWith('.')) {
      const target = new URL(statement.moduleSpecifier.text.replace(/\.js$/, '.ts'), `file://${path}`).pathname
      const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause
      if (bindings && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) for (const one of bindings.elements) imports.set(one.name.text, { path: target, name: (one.propertyName ?? one.name).text })
    }
    if (ts.isFunctionDeclaration(statement) && statement.name) declarations.set(statement.name.text, { node: statement, documented: statement })
    if (ts.isVariableStatement(statement)) for (const one of statement.declarationList.declarations) declarations.set(one.name.getText(source), { node: one.initializer, documented: statement })
  }
  const known = { path, declarations, imports }
  files.set(path, known)
  return known
}

/** Where a name that a module uses is declared; null for what comes from packages. */
function resolve(module, name) {
  const own = module.declarations.get(name)
  if (own) return { module, ...own }
  const imported = module.imports.get(name)
  return imported && existsSync(imported.path) ? resolve(moduleAt(imported.path), imported.name) : null
}

function commentOf(node) {
  const text = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '').join(' ')
  return text.replace(/\s+/g, ' ').trim()
}

/**
 * The comments of the entries of a constant `new Map([[domain, …], …])`: of every property of the object literals that an entry is made of, or
 * else of what the property names.
 *
 * @returns a map from domain to a map from property to comment, '' where there is none
 */
export function docComments(path, constant) {
  const { module, node } = resolve(moduleAt(path), constant)
  const byDomain = new Map()
  for (const entry of node.arguments[0].elements) {
    const [domain, ...rest] = entry.elements
    const found = new Map()
    for (const one of rest) collect(module, one, found, new Set())
    byDomain.set(domain.text, found)
  }
  return byDomain
}

function collect(module, node, found, seen) {
  if (!node || seen.has(node)) return
  seen.add(node)
  if (ts.isObjectLiteralExpression(node)) {
    for (const property of node.properties) {
      if (ts.isSpreadAssignment(property)) collect(module, property.expression, found, seen)
      else if (property.name) {
        found.set(property.name.text ?? property.name.getText(), commentOf(property) || commentBehind(module, ts.isShorthandPropertyAssignment(property) ? property.name : property.initializer))
        if (property.initializer && !ts.isFunctionLike(property.initializer)) collect(module, property.initializer, found, seen)
      }
    }
    return
  }
  if (ts.isIdentifier(node)) {
    const target = resolve(module, node.text)
    if (target !== null && !ts.isFunctionDeclaration(target.node ?? node)) collect(target.module, target.node, found, seen)
    return
  }
  if (ts.isFunctionLike(node)) return
  ts.forEachChild(node, (child) => collect(module, child, found, seen))
}

/** The comment of the function that an expression names, that a call hands on or calls, or those of the functions that a short function calls. */
function commentBehind(module, expression) {
  if (!expression) return ''
  if (ts.isIdentifier(expression)) {
    const target = resolve(module, expression.text)
    return target === null ? '' : commentOf(target.documented) || (target.node && ts.isIdentifier(target.node) ? commentBehind(target.module, target.node) : '')
  }
  if (ts.isArrowFunction(expression)) return [...new Set(callees(expression.body).map((name) => commentBehind(module, name)))].filter((text) => text !== '').join(' ')
  if (ts.isCallExpression(expression)) return [...expression.arguments, expression.expression].map((one) => commentBehind(module, one)).find((text) => text !== '') ?? ''
  return ''
}

/** Names of the functions that an expression calls, outermost only. */
function callees(node) {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return [node.expression]
  const found = []
  ts.forEachChild(node, (child) => void found.push(...callees(child)))
  return found
}
