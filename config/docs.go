package config

import "github.com/ata-agent/ata-agent/jsondoc"

// Reference returns the description of every key as Markdown (docs/config.md).
func Reference() []byte { return jsondoc.Reference[Config](referenceHead) }

const referenceHead = `# Configuration

One JSON document; files on the device may have comments and trailing commas. A key that is unknown, written twice or in the wrong
case is an error, and every error is reported with file, line and column. ` + "`docs/config.sample.json`" + ` is a complete file. This page is
made from the types in the package ` + "`config`" + `.
`
