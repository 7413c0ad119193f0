package config

import (
	"fmt"
	"slices"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// Names of layers, from the lowest to the one over all others.
const (
	Factory = "factory" // what the device came with
	Vendor  = "vendor"
	Site    = "site"
	Device  = "device" // the server's document for this device
	Owner   = "owner"  // limited to keys with the tag owner
)

// LayerNames lists the layers from the lowest up.
var LayerNames = []string{Factory, Vendor, Site, Device, Owner}

// Layer is one of the documents that make a configuration together.
type Layer struct {
	Name   string `json:"name"`   // one of LayerNames
	Source string `json:"source"` // file or URL, the name that faults use
	Data   []byte `json:"data"`   // the document as it was given, secrets and all
}

// Origin is where a value comes from; its layer is one of LayerNames, "board"
// for what the board decides, or "default".
type Origin = jsondoc.Origin

// Effective is what several layers come to.
type Effective struct {
	Config   *Config
	document *jsondoc.Document[Config]
}

// Merge lays documents over each other, each in its place by name, whatever
// their order here. Lines that name no country are in region, "" stands for the
// default. The error is of type Faults and lists everything that is wrong in
// any of them, or says that a layer is unknown or there twice.
func Merge(region string, layers ...Layer) (*Effective, error) {
	layers = slices.Clone(layers)
	for i, l := range layers {
		if !slices.Contains(LayerNames, l.Name) {
			return nil, fmt.Errorf("config: merge: no layer %q", l.Name)
		}
		if slices.ContainsFunc(layers[:i], func(o Layer) bool { return o.Name == l.Name }) {
			return nil, fmt.Errorf("config: merge: two layers %q", l.Name)
		}
	}
	slices.SortFunc(layers, func(a, b Layer) int {
		return slices.Index(LayerNames, a.Name) - slices.Index(LayerNames, b.Name)
	})
	sources := make([]jsondoc.Source, len(layers))
	for i, l := range layers {
		sources[i] = l.source()
	}
	d, err := merge(region, sources...)
	if err != nil {
		return nil, err
	}
	return &Effective{d.Value, d}, nil
}

func (l *Layer) source() jsondoc.Source {
	s := jsondoc.Source{Layer: l.Name, File: l.Source, Data: l.Data}
	if l.Name == Owner {
		s.May = ownerMay
	}
	return s
}

// CheckLayer reports what is wrong with one layer, whatever the others hold:
// its keys and their values, not the rules that concern several keys. The error
// is as that of Merge.
func CheckLayer(l Layer) error {
	if !slices.Contains(LayerNames, l.Name) {
		return fmt.Errorf("config: check: no layer %q", l.Name)
	}
	_, err := jsondoc.Merge([]jsondoc.Source{l.source()}, func(*jsondoc.Document[Config]) {})
	return err
}

// WithLayer returns layers with one put in, in place of that of the same name.
func WithLayer(layers []Layer, l Layer) []Layer {
	out := slices.DeleteFunc(slices.Clone(layers), func(o Layer) bool { return o.Name == l.Name })
	return append(out, l)
}

// Warnings is what is allowed in the document and yet hardly meant.
func (e *Effective) Warnings() Faults { return e.document.Warnings() }

// Origin says which layer gave a value, named by JSON pointer, and where in it.
func (e *Effective) Origin(path string) Origin { return e.document.Origin(path) }

// Origins is Origin for every value that some layer gives.
func (e *Effective) Origins() map[string]Origin { return e.document.Origins() }

// Show returns the effective document as JSON with a comment behind each value
// that says which layer gave it and where; of secrets only whether they are set.
func (e *Effective) Show() []byte { return e.document.Show() }
