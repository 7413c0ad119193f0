package main

import (
	"encoding/hex"
	"log/slog"

	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/foreign"
	"github.com/ata-agent/ata-agent/provision/importer"
)

// foreignReader returns what makes a document of another maker's provisioning
// file that a server sent to this device. What was not taken as it is goes to the
// log: the server's owner has no other place to read it.
func foreignReader(id boardfile.Identity, log *slog.Logger) func([]byte, config.Secret) ([]byte, error) {
	opts := foreign.Opts{MAC: hex.EncodeToString(id.MAC)}
	return func(data []byte, key config.Secret) ([]byte, error) {
		var passphrases []string
		if !key.IsZero() {
			passphrases = append(passphrases, key.Reveal())
		}
		r, err := importer.Import(importer.Auto, opts, passphrases, foreign.File{Name: "profile", Data: data})
		if err != nil {
			return nil, err
		}
		for _, f := range r.Findings {
			switch f.Severity {
			case foreign.Invalid:
				log.Warn("provisioning file", "finding", f)
			default:
				log.Debug("provisioning file", "finding", f)
			}
		}
		return r.Document, nil
	}
}
