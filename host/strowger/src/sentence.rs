//! An error as one sentence. In: the chain of an error. Out: what each layer says, outermost first.

/// What the layers say, `: ` between them. A cause that the layer above has named already is left out.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for layer in error.chain().map(|layer| layer.to_string()) {
        if said.is_empty() {
            said = layer;
        } else if !said.ends_with(&layer) {
            said = format!("{said}: {layer}");
        }
    }
    said
}

/// The same of an error that is no `anyhow` one.
pub(crate) fn sentence_of(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(layer) = source {
        let text = layer.to_string();
        if !said.ends_with(&text) {
            said = format!("{said}: {text}");
        }
        source = layer.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::sentence;

    #[test]
    fn each_layer_says_its_part_once() {
        assert_eq!(sentence(&anyhow!("in use").context("port 5060")), "port 5060: in use");
        let named = anyhow!("in use").context("port 5060: in use").context("listen: port 5060: in use");
        assert_eq!(sentence(&named), "listen: port 5060: in use");
        assert_eq!(sentence(&anyhow!("alone")), "alone");
    }
}
