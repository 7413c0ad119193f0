// Package jsondoc reads strict JSON documents that a Go type describes. A key
// is described in one place, the tags of its field:
//
//	json     its name
//	default  its value when the document does not have it
//	range    LOW..HIGH of a number, or of the length of a string or a list
//	step     what a number must be a multiple of
//	each     LOW..HIGH of the entries of a list or map, as range
//	enum     A,B,… that a string, or each string of a list or map, may be
//	multiline "true" for a string that may have line breaks
//	doc      its purpose, one sentence
//
// Parsing, error messages, the JSON Schema and the reference page all come from
// there. A field is a struct, a slice, a map from string, a string, a bool, an
// int, a float64, or one of this package's [Seconds], [Milliseconds] and
// [Secret]. A program
// may add tags of its own and ask for them by [Key.Inherited].
//
// Documents may have comments and trailing commas. A key that is unknown,
// written twice or in the wrong case is a fault, and all faults are reported,
// each with its place. The package does no I/O.
package jsondoc
