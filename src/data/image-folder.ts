/** @file A folder with one folder of images per class, as a table of file names and classes. */
import { readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { ColumnBuilder, makeTable, type Table } from './table.js'
import { quote } from './wording.js'

export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff'])

/** Rows sorted by class, then by file, in the order of UTF-16 code units: the same on every system. */
export function readImageFolder(path: string): Table {
  const file = new ColumnBuilder(), label = new ColumnBuilder()
  for (const entry of visible(path)) {
    if (!entry.isDirectory()) throw new ProbityError('data/image-folder', `${path} is a folder, and as data a folder holds one folder of images per class: ${quote(entry.name)} lies beside them. Move it into the folder of its class, or name a file under data.path.`)
    for (const image of visible(join(path, entry.name))) {
      if (!image.isFile() || !IMAGE_EXTENSIONS.has(extname(image.name).toLowerCase())) {
        throw new ProbityError('data/image-folder', `${path} is a folder, and as data a folder holds one folder of images per class: ${quote(`${entry.name}/${image.name}`)} is no image file (${[...IMAGE_EXTENSIONS].join(', ')}). Remove it, or name a file under data.path.`)
      }
      file.add(`${entry.name}/${image.name}`)
      label.add(entry.name)
    }
  }
  return makeTable(path, [file.build('file'), label.build('class')], (row) => `image ${row} (counted from 0)`, { images: { folder: path, column: 'file' } })
}

/** Names that begin with a dot are the file manager's, not the user's. */
const visible = (folder: string) => readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1))
