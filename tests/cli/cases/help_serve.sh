plait help serve
