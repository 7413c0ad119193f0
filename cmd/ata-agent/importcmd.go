package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
	"github.com/ata-agent/ata-agent/provision/importer"
)

// importOpts are what the flags of config import say.
type importOpts struct {
	format, output, keyFile string
	foreign                 foreign.Opts
	asJSON, all             bool
	files                   []string
}

func configImport(env *environment, args []string) error {
	o, err := importFlags(env, args)
	if err != nil {
		return err
	}
	passphrases, err := readPassphrases(o.keyFile)
	if err != nil {
		return err
	}
	files := make([]foreign.File, len(o.files))
	for i, name := range o.files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files[i] = foreign.File{Name: name, Data: data}
	}
	r, err := importer.Import(importer.Format(o.format), o.foreign, passphrases, files...)
	if err != nil {
		return err
	}
	if err := o.report(env, r); err != nil {
		return err
	}
	if r.Invalid() {
		return fmt.Errorf("%s: not everything could be taken over", strings.Join(o.files, ", "))
	}
	return nil
}

func importFlags(env *environment, args []string) (*importOpts, error) {
	o := &importOpts{}
	f := newFlags(env, "config import", "makes a document of other makers' provisioning files, given in the order a device would get them")
	f.StringVar(&o.format, "format", string(importer.Auto), "cisco, grandstream or auto")
	f.StringVar(&o.output, "o", "", "write the document with its passwords into this file, readable by its owner alone; without, it is printed with *** in their place")
	f.StringVar(&o.keyFile, "key-file", "", "file with the passphrases of encrypted files, one a line")
	f.IntVar(&o.foreign.Ports, "ports", 0, "telephones the device has; 0: as many as the files are for")
	f.StringVar(&o.foreign.MAC, "mac", "", "address of the device; a file for another is refused")
	f.BoolVar(&o.all, "all", false, "also tell what was taken over as it is")
	f.BoolVar(&o.asJSON, "json", false, "print document and findings as JSON")
	if err := f.parse(args); err != nil {
		return nil, err
	}
	o.files = f.Args()
	switch {
	case len(o.files) == 0:
		return nil, &usageError{"say which files to import"}
	case o.foreign.Ports < 0 || o.foreign.Ports > foreign.MaxLines:
		return nil, &usageError{fmt.Sprintf("-ports must be 0 to %d", foreign.MaxLines)}
	}
	return o, nil
}

// readPassphrases reads a file of passphrases, one a line; no name gives none.
func readPassphrases(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if p := strings.TrimRight(line, "\r\n"); p != "" {
			all = append(all, p)
		}
	}
	return all, nil
}

// report writes document and findings to where they are wanted.
func (o *importOpts) report(env *environment, r *foreign.Result) error {
	if o.output != "" {
		if err := writePrivate(o.output, r.Document); err != nil {
			return err
		}
	}
	told := []foreign.Finding{} // not nil: JSON shows an empty list
	for _, f := range r.Findings {
		if o.all || f.Severity > foreign.Lossless {
			told = append(told, f)
		}
	}
	if o.asJSON {
		return printJSON(env.stdout, struct {
			Document json.RawMessage   `json:"document"`
			Findings []foreign.Finding `json:"findings"`
		}{r.Shown, told})
	}
	for _, f := range told {
		fmt.Fprintln(env.stderr, f)
	}
	if o.output != "" {
		return nil
	}
	_, err := env.stdout.Write(r.Shown)
	return err
}

// writePrivate writes a file that its owner alone may read, also where there was
// another before.
func writePrivate(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = f.Chmod(0o600)
	if err == nil {
		_, err = f.Write(data)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
