// Package profile has the agent be provisioned as other makers' adapters are: it
// asks for the files they ask for (Persona), follows the rules by which one file
// names the next (Reader), and makes one configuration of all of them.
//
//	spa112.cfg ──Profile_Rule──▶ another first file
//	     │
//	     ├──Profile_Rule_B──▶ spa-ata.xml       common
//	     ├──Profile_Rule_C──▶ 000e08aabbcc.xml  this device's
//	     └──Profile_Rule_D──▶ …
//
// What a file says never widens whom the device trusts: a rule leads from https
// to https alone, credentials stay with the server they are for, and every file
// is held to the signatures that the configuration asks for.
package profile

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/crypt"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/provision/foreign"
	"github.com/ata-agent/ata-agent/provision/importer"
	"github.com/ata-agent/ata-agent/provision/macro"
)

// Reader reads other makers' provisioning files.
type Reader struct {
	Device macro.Device // a file for another is refused
	// Logger is told what was not taken as it is: the server's owner has no other
	// place to read it.
	Logger *slog.Logger
}

// Read makes a configuration of a file and of those it names.
func (r *Reader) Read(ctx context.Context, f provision.Foreign) (*provision.Profile, error) {
	first, err := open(f.First, f.Settings.ProfileKey, config.Secret{}, false)
	if err != nil {
		return nil, err
	}
	format, ok := importer.Detect(first.file.Data)
	if !ok {
		return nil, fmt.Errorf("profile: %w", importer.ErrFormat)
	}
	row := &row{reader: r, of: f, parts: []*part{first}}
	if format == importer.Cisco {
		if err := row.run(ctx); err != nil {
			return nil, err
		}
	}
	return r.combine(format, row.parts)
}

// combine imports all files as one profile.
func (r *Reader) combine(format importer.Format, parts []*part) (*provision.Profile, error) {
	p := &provision.Profile{}
	var files []foreign.File
	exposed := map[string]bool{}
	for i, part := range parts {
		files = append(files, part.file)
		exposed[part.file.Name] = exposed[part.file.Name] || part.exposed
		if i > 0 && part.doc != nil {
			p.More = append(p.More, part.doc)
		}
	}
	result, err := importer.Import(format, foreign.Opts{MAC: hex.EncodeToString(r.Device.MAC)}, nil, files...)
	if err != nil {
		return nil, err
	}
	r.tell(result.Findings)
	p.Document = result.Document
	p.Exposed = func(path string) bool {
		from, known := result.Secrets[path]
		return !known || exposed[from]
	}
	return p, nil
}

func (r *Reader) tell(findings []foreign.Finding) {
	for _, f := range findings {
		if f.Severity == foreign.Invalid {
			r.Logger.Warn("provisioning file", "finding", f)
		} else {
			r.Logger.Debug("provisioning file", "finding", f)
		}
	}
}

// part is one file of a profile, open.
type part struct {
	doc     *fetch.Document // nil: no file, but what a rule sets
	url     string          // where it came from in the end
	file    foreign.File
	exposed bool // anybody could listen when it came
}

// open takes encryption and compression off a file. The configuration's key comes
// first: nobody on the way knows it. overheard says that anybody could listen to
// the other.
func open(d *fetch.Document, own, named config.Secret, overheard bool) (*part, error) {
	p := &part{doc: d, url: d.URL, file: foreign.File{Name: d.URL}, exposed: !protected(d.URL)}
	plain, sealed, err := unseal(d, own)
	if errors.Is(err, crypt.ErrKey) && !named.IsZero() {
		plain, sealed, err = unseal(d, named)
		sealed = sealed && !overheard
	}
	switch {
	case errors.Is(err, crypt.ErrKey):
		return nil, &fetch.Refusal{Reason: provision.WrongKey, URL: d.URL, Err: errors.New("no key that this device has opens it")}
	case err != nil:
		return nil, fmt.Errorf("profile: open %s: %w", d.URL, err)
	}
	p.file.Data = plain
	p.exposed = p.exposed && !sealed
	return p, nil
}

// unseal opens with one key, which may be none.
func unseal(d *fetch.Document, key config.Secret) (plain []byte, sealed bool, err error) {
	if d.Coding != "" {
		plain, err = crypt.AES128GCM(d.Data, []byte(key.Reveal()))
		if err != nil {
			err = crypt.ErrKey // what tells a wrong key from a damaged file is the key
		}
		return plain, true, err
	}
	if key.IsZero() {
		return crypt.Unseal(d.Data)
	}
	return crypt.Unseal(d.Data, key.Reveal())
}
