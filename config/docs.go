package config

import "github.com/ata-agent/ata-agent/jsondoc"

// Reference returns the description of every key as Markdown (docs/config.md).
func Reference() []byte {
	return jsondoc.Reference[Config](referenceHead,
		jsondoc.Column{Title: "change", Of: leaf(func(k jsondoc.Key) string { return ClassOf(k).String() })},
		jsondoc.Column{Title: "owner", Of: leaf(func(k jsondoc.Key) string {
			if ownerMay(k) {
				return "yes"
			}
			return ""
		})})
}

// leaf leaves the cells of sections empty.
func leaf(of func(jsondoc.Key) string) func(jsondoc.Key) string {
	return func(k jsondoc.Key) string {
		if k.IsSection() {
			return ""
		}
		return of(k)
	}
}

const referenceHead = `# Configuration

One JSON document; files on the device may have comments and trailing commas. A key that is unknown, written twice or in the wrong
case is an error, and every error is reported with file, line and column. ` + "`docs/config.sample.json`" + ` is a complete file. This page is
made from the types in the package ` + "`config`" + `.

## Layers

The configuration in force is up to five documents laid over each other; ` + "`config show`" + ` says of each value which gave it.

| layer | whose |
|---|---|
| factory | what the device came with: the file of ` + "`-config`" + ` |
| vendor | the maker's |
| site | the place's, for all devices there |
| device | the server's, for this device |
| owner | the owner's own settings; only keys marked in the column owner |

A key in a later layer takes the place of the one below. The entries of ` + "`lines`" + ` are joined by their place in the list, any other list
replaces the one below, and the entries of an object are joined by name. Each document is as strict as a single one, but the rules that
concern several keys are held against all layers together.

## What a change interrupts

| change | takes effect |
|---|---|
| live | at once, without a new registration; a call in progress keeps what it began with |
| line | when the line has no call and its telephone is on hook; then it registers anew |
| box | when that is so of all lines; then the agent starts anew within the process |
| boot | as box; for what only a start can change |

A line takes over its section whole: one key of class line lets the live ones in the same line wait for it. What waits for hung-up
telephones waits no longer than ` + "`provision.resync.max_defer_s`" + ` for one that was left off hook, and always for calls.

## Keys
`
