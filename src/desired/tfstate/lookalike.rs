//! What is found in a state's place and gives itself away by its first bytes: pages, archives, encrypted and packed files.
//! What is JSON is told apart in `document`.

use super::StateError;

/// First bytes, what such a file is, and the way out.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"\0GITCRYPT\0", "is encrypted by git-crypt", "unlock the repository (`git-crypt unlock`)"),
    (b"version https://git-lfs.github.com/spec/", "is a Git LFS pointer", "run `git lfs pull`"),
    (b"$ANSIBLE_VAULT;", "is encrypted by Ansible Vault", "pass a decrypted copy (`ansible-vault view`)"),
    (b"age-encryption.org/v1", "is encrypted by age", "pass a decrypted copy (`age --decrypt`)"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "is encrypted by age", "pass a decrypted copy (`age --decrypt`)"),
    (b"-----BEGIN PGP MESSAGE-----", "is encrypted by PGP", "pass a decrypted copy (`gpg --decrypt`)"),
    (b"\x28\xb5\x2f\xfd", "is packed by zstd", "unpack it (`zstd -d`)"),
    (b"\xfd7zXZ\0", "is packed by xz", "unpack it (`xz -d`)"),
    (b"BZh", "is packed by bzip2", "unpack it (`bzip2 -d`)"),
];

/// The error that names what this is, if it is certainly no state.
pub(super) fn of(head: &[u8], location: &str) -> Option<StateError> {
    let location = || location.to_owned();
    if let Some((_, what, remedy)) = MAGIC.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Some(StateError::Disguised { location: location(), what, remedy });
    }
    if head.starts_with(b"PK\x03\x04") {
        return Some(StateError::Plan { location: location() });
    }
    match head.trim_ascii_start() {
        b"" => Some(StateError::Empty { location: location() }),
        [b'<', ..] => Some(page(head, location())),
        _ => None,
    }
}

/// `<Error><Code>NoSuchKey</Code>...` is what S3 and its look-alikes answer.
fn page(head: &[u8], location: String) -> StateError {
    let text = String::from_utf8_lossy(head);
    let code = text.split_once("<Error").and_then(|(_, rest)| rest.split_once("<Code>")).and_then(|(_, rest)| {
        let (code, _) = rest.split_once("</Code>")?;
        let plain = (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then(|| code.to_owned())
    });
    match code {
        Some(code) => StateError::S3Error { location, code },
        None if text.trim_start().starts_with("<?xml") && !text.to_ascii_lowercase().contains("<html") => {
            StateError::Disguised {
                location,
                what: "is an XML document",
                remedy: "check the address and the credentials",
            }
        }
        None => StateError::Html { location },
    }
}
