package config

import (
	"encoding/json"
	"fmt"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// MaxSize is the largest document that Parse takes, in bytes.
const MaxSize = jsondoc.MaxSize

// Seconds is a duration written as a number of seconds; such keys end in _s.
type Seconds = jsondoc.Seconds

// Milliseconds is a duration written as a number of milliseconds; such keys end
// in _ms.
type Milliseconds = jsondoc.Milliseconds

// Secret is a value that cannot print itself.
type Secret = jsondoc.Secret

// Fault is one thing wrong with a document, with its place.
type Fault = jsondoc.Fault

// Faults is every fault of a document: the error that Parse returns.
type Faults = jsondoc.Faults

// NewSecret wraps a value.
func NewSecret(value string) Secret { return jsondoc.NewSecret(value) }

// Parse reads a document: JSON, with comments and trailing commas allowed.
// Values that the document does not give have their defaults. The error is of
// type Faults and lists everything that is wrong; file is the name it uses.
func Parse(file string, data []byte) (*Config, error) { return ParseIn("", file, data) }

// ParseIn is Parse for a device that is made for a country: lines that name none
// are there. An empty country stands for the default.
func ParseIn(country, file string, data []byte) (*Config, error) {
	doc, err := parse(country, file, data)
	if err != nil {
		return nil, err
	}
	return doc.Value, nil
}

func parse(country, file string, data []byte) (*jsondoc.Document[Config], error) {
	return merge(country, jsondoc.Source{File: file, Data: data})
}

func merge(country string, sources ...jsondoc.Source) (*jsondoc.Document[Config], error) {
	return jsondoc.Merge(sources, func(d *jsondoc.Document[Config]) {
		if country != "" {
			settle(d, country)
		}
		(&document{d.Value, d.Has, d.Fault, d.Warn}).check()
	})
}

// settle puts the lines that name no country into one.
func settle(d *jsondoc.Document[Config], country string) {
	for i := range d.Value.Lines {
		if path := fmt.Sprintf("/lines/%d/slic/country", i); !d.Has(path) {
			d.Value.Lines[i].SLIC.Country = country
			d.Derived(path, "board")
		}
	}
}

// Alone is a document without layers; its values come from the file or are
// defaults.
func Alone(file string, data []byte) (*Effective, error) {
	d, err := parse("", file, data)
	if err != nil {
		return nil, err
	}
	return &Effective{d.Value, d}, nil
}

// Show returns the effective document of a file, every default filled in and
// every secret hidden, with a comment behind each value that says where it
// comes from: line and column of the file, or "default".
func Show(file string, data []byte) ([]byte, error) {
	e, err := Alone(file, data)
	if err != nil {
		return nil, err
	}
	return e.Show(), nil
}

// Plain returns the document with every default filled in and every secret
// hidden, as plain JSON.
func Plain(c *Config) ([]byte, error) {
	out, err := json.MarshalIndent(c, "", "  ")
	return append(out, '\n'), err
}

// Schema returns the JSON Schema (2020-12) of the document.
func Schema() []byte { return jsondoc.Schema[Config]("ata-agent configuration") }
