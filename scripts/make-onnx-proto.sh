#!/bin/sh
# Makes src/graph/onnx-proto.ts from the onnx.proto of an installed ONNX package. Needs protoc.
# Usage: scripts/make-onnx-proto.sh path/to/onnx.proto
set -eu
proto=$1
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Comments would otherwise become most of the generated file.
sed 's#//.*##' "$proto" > "$work/onnx.proto"
protoc -I "$work" --plugin="$root/node_modules/.bin/protoc-gen-es" --es_out="$work" --es_opt=target=ts,import_extension=js "$work/onnx.proto"
{
  echo "// Message types of ONNX (https://github.com/onnx/onnx, SPDX-License-Identifier: Apache-2.0). Made by scripts/make-onnx-proto.sh."
  cat "$work/onnx_pb.ts"
} > "$root/src/graph/onnx-proto.ts"
