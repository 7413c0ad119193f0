package fetch

import (
	"bytes"
	"context"
	"errors"
)

// signatureSuffix is what the name of a detached signature ends in, as minisign
// writes it.
const signatureSuffix = ".minisig"

// maxSignature bounds a signature file, in bytes; minisign's have about 300.
const maxSignature = 4 << 10

// beside is the errand for the signature that lies beside a document: at the URL
// that was asked for, whatever it was redirected to.
func (e *errand) beside() *errand {
	client := *e.Client
	client.opts.Limits.Body = maxSignature
	u := *e.named
	u.Path, u.RawPath = u.Path+signatureSuffix, ""
	own := *e
	own.Client, own.at, own.named, own.have = &client, &u, &u, Validator{}
	return &own
}

// signature fetches it; nil: the server has none.
func (e *errand) signature(ctx context.Context) ([]byte, error) {
	d, err := e.get(ctx)
	if r, ok := errors.AsType[*Refusal](err); ok && noSignature[r.Reason] {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(d.Data, signatureStart) {
		return nil, nil // a server that has an answer to everything
	}
	return d.Data, nil
}

// signatureStart is how every signature file of minisign begins.
var signatureStart = []byte("untrusted comment:")

// noSignature are the answers of servers that have no such file.
var noSignature = map[Reason]bool{NotFound: true, Forbidden: true, TooLarge: true}
